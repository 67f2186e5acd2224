"""A policy's document -> the text of its YAML file, in the order of the schema; what a key leaves at its default is left out.

Reading the text again gives the same document.
"""

from collections.abc import Mapping

import yaml

from payers.engine.policies import checked_document


class _Plain(yaml.SafeDumper):
    """Lists of words on one line, long text folded, no anchors."""

    def ignore_aliases(self, data):
        return True


def _listed(dumper: _Plain, data: list):
    short = all(not isinstance(item, dict | list) and len(str(item)) < 60 for item in data)
    return dumper.represent_sequence("tag:yaml.org,2002:seq", data, flow_style=short)


_Plain.add_representer(list, _listed)
# Dates without quotation marks, as people write them: our own reader takes them as text.
_Plain.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith(":timestamp")]
    for first, resolvers in yaml.SafeDumper.yaml_implicit_resolvers.items()
}


def policy_file(document: Mapping) -> str:
    needed = {key: document[key] for key in ("id", "payer", "kind", "status", "source", "effective_from", "drugs")}
    bare = checked_document(
        needed | {"source": {"title": "x"}, "drugs": {"hcpcs": ["J1745"]}, "kind": "prior_authorization", "status": "announced"}
    )
    said = {key: _said(value) for key, value in document.items() if key in needed or value != bare[key]}
    return yaml.dump(said, Dumper=_Plain, sort_keys=False, allow_unicode=True, width=130)


def _said(value: object) -> object:
    """Parts that are not said are left out; a list stays whole."""
    if isinstance(value, Mapping):
        return {key: _said(inner) for key, inner in value.items() if inner not in (None, [], {})}
    return [_said(item) if isinstance(item, Mapping) else item for item in value] if isinstance(value, list) else value
