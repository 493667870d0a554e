"""Deploys the orders app to an AWS endpoint with plain boto3: create, or bring up to date. Nothing here knows of fogbank.

One file for each noun; `app.py` joins them.
"""

from deploy.app import Deployed, deploy

__all__ = ["Deployed", "deploy"]
