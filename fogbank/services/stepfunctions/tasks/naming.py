"""The names of the AWS SDKs for Java, which Step Functions uses: services, exceptions, members of inputs and outputs.

The second SDK derives its names from the models by splitting them into words: `DBInstanceIdentifier` is `DB`, `Instance`,
`Identifier` and becomes `DbInstanceIdentifier`. The first, behind the optimized integrations, keeps the wire's names.
"""

from __future__ import annotations

import re
from functools import lru_cache

_SEPARATORS = re.compile(r"[^A-Za-z0-9]+")
_VERSIONS = (re.compile(r"([^a-z]{2,})v([0-9]+)"), re.compile(r"([^A-Z]{2,})V([0-9]+)"))
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z][a-zA-Z0-9])")
_ACRONYM = re.compile(r"([A-Z]+)([A-Z][a-z])")
_NUMBER = re.compile(r"([0-9])([a-zA-Z])")
#: Where Java has another word, because the derived one is reserved there.
_RESERVED = {"Null": "Nul"}
#: botocore's folder → the service id's key, where it is not the folder's name without hyphens.
_OTHER_KEYS = {
    "ce": "costexplorer",
    "cognito-idp": "cognitoidentityprovider",
    "config": "configservice",
    "cur": "costandusagereportservice",
    "discovery": "applicationdiscoveryservice",
    "dms": "databasemigrationservice",
    "ds": "directoryservice",
    "ds-data": "directoryservicedata",
    "elb": "elasticloadbalancing",
    "elbv2": "elasticloadbalancingv2",
    "es": "elasticsearchservice",
    "events": "eventbridge",
    "iot-data": "iotdataplane",
    "iot-jobs-data": "iotjobsdataplane",
    "lex-models": "lexmodelbuildingservice",
    "lex-runtime": "lexruntimeservice",
    "lexv2-models": "lexmodelsv2",
    "lexv2-runtime": "lexruntimev2",
    "logs": "cloudwatchlogs",
    "marketplace-entitlement": "marketplaceentitlementservice",
    "meteringmarketplace": "marketplacemetering",
    "mgh": "migrationhub",
    "sdb": "simpledb",
    "serverlessrepo": "serverlessapplicationrepository",
    "sms-voice": "pinpointsmsvoice",
    "stepfunctions": "sfn",
}


@lru_cache(maxsize=16_384)
def pascal(name: str) -> str:
    """A member's or service's name as the second SDK has it, its first letter large: `MD5OfBody` → `Md5OfBody`."""
    words = _SEPARATORS.sub(" ", name)
    words = _VERSIONS[0].sub(r"\1 v\2 ", words)
    words = _VERSIONS[1].sub(r"\1 V\2 ", words)
    words = " ".join(_CAMEL.split(words))
    words = _ACRONYM.sub(r"\1 \2", words)
    words = _NUMBER.sub(r"\1 \2", words)
    found = "".join(word[:1].upper() + word[1:].lower() for word in words.split())
    return _RESERVED.get(found, found)


def key_of_folder(folder: str) -> str:
    """A service's name in `arn:aws:states:::aws-sdk:<name>:…`, from the name of botocore's folder: no model is read."""
    return _OTHER_KEYS.get(folder, folder.replace("-", ""))


def exception_name(shape_name: str) -> str:
    """A modelled error as a Java class of the first SDK: `QueueDoesNotExist` → `QueueDoesNotExistException`."""
    name = shape_name[:1].upper() + shape_name[1:]
    if name.endswith("Fault"):
        name = name.removesuffix("Fault")
    return name if name.endswith("Exception") else f"{name}Exception"


def sdk_exception_name(shape_name: str) -> str:
    """The same of the second SDK, which splits it into words first: `KMSInvalidState…` → `KmsInvalidState…`."""
    return pascal(exception_name(shape_name))
