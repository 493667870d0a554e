"""What answers a method: MOCK, functions, HTTP backends, any service that fogbank has. One file a kind.

An integration is made once for a method; `run` gives the method's whole response, or raises a Fault.
"""
