"""IAM's policy documents: compiled once, then asked. Pure: who calls, what policies there are and what happens then is others'.

`documents.py` is one document, `conditions.py` its conditions, `templates.py` and `globs.py` the texts in it; `grants.py` is what several
documents grant together, `evaluation.py` how the kinds of policies decide with each other; `names.py` is what a policy may know a
caller by.
"""
