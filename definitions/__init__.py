"""The packs that ship with Duban: one folder each, as YAML. Data, not code.

A package only so that a pack is found by name after `pip install`:
`importlib.resources.files("definitions") / "demonstration_site"`.
"""
