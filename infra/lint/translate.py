"""Prints what CloudFormation will see: the SAM template, translated.

SAM's own checks stop at its own resources. What it makes of them (event source mappings,
permissions, schedules) is only visible to cfn-lint after the translation, so `make lint`
translates here and checks the result. Needs no credentials and no network.

Usage: translate.py TEMPLATE > TRANSLATED
"""

import json
import os
import sys

os.environ.setdefault("AWS_DEFAULT_REGION", "us-east-1")

from samcli.yamlhelper import yaml_parse  # noqa: E402
from samtranslator.model.exceptions import InvalidDocumentException  # noqa: E402
from samtranslator.parser.parser import Parser  # noqa: E402
from samtranslator.translator.translator import Translator  # noqa: E402


def with_packaged_code(template):
    """Points each function at a package, as `sam deploy` would: the translator takes no folders."""
    for resource in template.get("Resources", {}).values():
        if resource.get("Type") == "AWS::Serverless::Function":
            resource["Properties"]["CodeUri"] = "s3://packages/function"
    return template


def defaults(template):
    return {
        name: parameter["Default"]
        for name, parameter in template.get("Parameters", {}).items()
        if "Default" in parameter
    }


def main(path):
    with open(path, encoding="utf-8") as file:
        template = with_packaged_code(yaml_parse(file.read()))
    # Every role names its own actions, so no list of AWS's managed policies is needed: {}.
    try:
        translated = Translator({}, Parser()).translate(
            template, defaults(template)
        )
    except InvalidDocumentException as error:
        for cause in error.causes:
            print(f"{path}: {cause.message}", file=sys.stderr)
        return 1
    json.dump(translated, sys.stdout, indent=2)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
