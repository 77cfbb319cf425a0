"""Reading a template: its values with the lines on which they stand, and its comments."""

import cfnlint.decode.cfn_yaml


class Template:
    """A template, as values that know their lines (`start_mark`), and as text."""

    def __init__(self, text):
        self.lines = text.splitlines()
        self.tree = cfnlint.decode.cfn_yaml.loads(text)

    @property
    def resources(self):
        """The resources, by their logical ids."""
        return self.tree["Resources"]

    def of_type(self, *types):
        """The resources of these types: id and properties."""
        found = self.resources.items()
        return {name: each.get("Properties", {}) for name, each in found if each["Type"] in types}

    def is_explained(self, line):
        """Whether a line, counted from 0, has a comment, or stands below one."""
        above = self.lines[line - 1].strip() if line else ""
        return above.startswith("#") or " # " in self.lines[line]


def branches(value):
    """What a value may be: both sides of each `Fn::If` at its top; nothing for `AWS::NoValue`."""
    if isinstance(value, dict) and list(value) == ["Fn::If"]:
        return branches(value["Fn::If"][1]) + branches(value["Fn::If"][2])
    if isinstance(value, dict) and value.get("Ref") == "AWS::NoValue":
        return []
    return [value]


def listed(value):
    """The items of a list, or of what stands for one, with both sides of each `Fn::If`."""
    for each in branches(value):
        if isinstance(each, list):
            for item in each:
                yield from branches(item)
        else:
            yield each


def texts(value, line=None):
    """All texts within a value, each with its line, counted from 0."""
    # Short forms as `!Sub text` know their line only as a whole.
    line = value.start_mark.line if hasattr(value, "start_mark") else line
    if isinstance(value, str):
        yield value, line
    elif isinstance(value, dict):
        for key, each in value.items():
            # The first part of an `Fn::If` is the condition's name.
            yield from texts(each[1:] if key == "Fn::If" else each, line)
    elif isinstance(value, list):
        for each in value:
            yield from texts(each, line)


def documents(value, path=()):
    """All policy documents within a value, and where each is."""
    if isinstance(value, dict):
        if "Statement" in value:
            yield path, value
            return
        for key, each in value.items():
            yield from documents(each, (*path, str(key)))
    elif isinstance(value, list):
        for number, each in enumerate(value):
            yield from documents(each, (*path, str(number)))
