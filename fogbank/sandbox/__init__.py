"""Function environments: the zygote, isolation, lifecycle, the pool, the Runtime API. The contract is `api.py`.

Knows nothing of HTTP services, AWS operations or the store.
"""
