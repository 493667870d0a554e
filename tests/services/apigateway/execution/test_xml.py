"""The JSON that query services answer API Gateway with."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from fogbank.services.apigateway.execution.xml import json_of_xml


def test_answers() -> None:
    xml = (
        b'<R xmlns="u"><RResult><A>1</A><L><member>x</member><member><B>y</B></member></L><E/><U>1</U><U>2</U></RResult>'
        b"<ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></R>"
    )
    result = {"A": "1", "L": ["x", {"B": "y"}], "E": "", "U": ["1", "2"]}
    assert json_of_xml(xml) == {"R": {"RResult": result, "ResponseMetadata": {"RequestId": "r"}}}
    error = b"<ErrorResponse><Error><Code>C</Code></Error><RequestId>r</RequestId></ErrorResponse>"
    assert json_of_xml(error) == {"Error": {"Code": "C"}, "RequestId": "r"}


@given(st.binary() | st.text(alphabet='<>/&;ab!DOCTYPE "', max_size=60).map(str.encode))
def test_what_is_no_xml_is_left_alone(content: bytes) -> None:
    assert json_of_xml(content) is None or content.lstrip().startswith(b"<")


def test_entities_are_not_resolved() -> None:
    bomb = b'<!DOCTYPE a [<!ENTITY b "bbbb">]><a>&b;</a>'
    assert json_of_xml(bomb) is None
