"""Holds JSON against the models of Genesys' own SDK for Python, which ignore what they do not know.

A field that a model lacks, a value of another type or an unknown word of an enumeration is a finding.
"""

import json
import re

unknown = set()


def watch(client):
    """Checks every answer before the client reads it."""
    read = client.deserialize

    def checked(response, kind):
        if kind and response.data:
            check(client, json.loads(response.data), kind, kind)
        return read(response, kind)

    client.deserialize = checked


def check(client, data, kind, where):
    """Notes in `unknown` what the type named `kind` does not have."""
    if data is None:
        return
    if listed := re.fullmatch(r"list\[(.*)\]", kind):
        for one in data if isinstance(data, list) else [note(where, data)]:
            check(client, one, listed[1], where)
    elif mapped := re.fullmatch(r"dict\([^,]*, (.*)\)", kind):
        for one in data.values() if isinstance(data, dict) else [note(where, data)]:
            check(client, one, mapped[1], where)
    elif kind in ("object", "datetime", "date", "str", "int", "float", "bool"):
        plain(data, kind, where)
    else:
        model(client, data, kind, where)


def note(where, data):
    unknown.add(f"{where}: {type(data).__name__}")


def plain(data, kind, where):
    """Checks a value without fields."""
    types = {"str": str, "datetime": str, "date": str, "int": int, "float": (int, float), "bool": bool}
    is_bool = isinstance(data, bool) and kind != "bool"
    if kind != "object" and (is_bool or not isinstance(data, types[kind])):
        note(where, data)


def model(client, data, kind, where):
    """Checks an object, and that reading keeps every word of an enumeration."""
    import PureCloudPlatformClientV2 as sdk

    known = getattr(sdk.models, kind)()
    if not isinstance(data, dict):
        return note(where, data)
    names = {json_name: name for name, json_name in known.attribute_map.items()}
    for json_name, value in data.items():
        place = f"{kind}.{json_name}"
        if json_name not in names:
            unknown.add(place)
            continue
        check(client, value, known.swagger_types[names[json_name]], place)
        if known.swagger_types[names[json_name]] == "str" and value is not None:
            setattr(known, names[json_name], value)
            if getattr(known, names[json_name]) != value:
                unknown.add(f"{place}: {value}")


def body(sdk, kind, data):
    """Checks the body of a request, and that the vendor's model `kind` reads and writes it as it is."""
    client = sdk.api_client.ApiClient()
    check(client, data, kind, kind)
    answer = type("Answer", (), {"data": json.dumps(data), "getheader": lambda self, name: None})()
    written = client.sanitize_for_serialization(client.deserialize(answer, kind))
    assert times(written) == times(data), (written, data)
    return kind


def times(data):
    """An object with its dates in one form."""
    return {name: str(value).replace(".000Z", "+00:00") for name, value in data.items()}
