"""Our own rules for the template, on what CloudFormation will see (translate.py's output).

Stricter than cfn-lint: a queue hides a message for at least six times its reader's timeout, every
queue that is read has a place for the dead, every function has a role, logs and nobody else's, and
a role names its actions and resources. Schedules are read by the small cloud's own parser
(`local check-template`), which runs beside this.

Usage: house.py TRANSLATED.json
"""

import json
import sys

TIMES = 6


def logical_id(value):
    """The resource that a Ref or a GetAtt names, or None."""
    if isinstance(value, dict):
        if "Ref" in value:
            return value["Ref"]
        if "Fn::GetAtt" in value:
            named = value["Fn::GetAtt"]
            return named.split(".")[0] if isinstance(named, str) else named[0]
    return None


def of_type(resources, kind):
    return {name: r.get("Properties", {}) for name, r in resources.items() if r["Type"] == kind}


def listed(value):
    return value if isinstance(value, list) else [value]


def queue_faults(resources):
    queues = of_type(resources, "AWS::SQS::Queue")
    functions = of_type(resources, "AWS::Lambda::Function")
    for name, source in of_type(resources, "AWS::Lambda::EventSourceMapping").items():
        queue = logical_id(source.get("EventSourceArn"))
        if queue not in queues:
            continue
        timeout = functions[logical_id(source["FunctionName"])].get("Timeout", 3)
        visibility = queues[queue].get("VisibilityTimeout", 30)
        if visibility < TIMES * timeout:
            yield f"{queue}: VisibilityTimeout {visibility} is less than {TIMES} times the {timeout} s of {name}'s function"
        dead = logical_id(queues[queue].get("RedrivePolicy", {}).get("deadLetterTargetArn"))
        if dead not in queues:
            yield f"{queue}: is read by {name} and has no dead-letter queue"
        if "ReportBatchItemFailures" not in source.get("FunctionResponseTypes", []):
            yield f"{name}: one bad message would fail its neighbours: ReportBatchItemFailures is missing"


def function_faults(resources):
    roles = {}
    groups = {
        group.get("LogGroupName", {}).get("Fn::Sub")
        for group in of_type(resources, "AWS::Logs::LogGroup").values()
        if "RetentionInDays" in group
    }
    for name, function in of_type(resources, "AWS::Lambda::Function").items():
        role = logical_id(function.get("Role"))
        if role in roles:
            yield f"{name}: shares {role} with {roles[role]}: a function has a role of its own"
        roles[role] = name
        function_name = function.get("FunctionName", {}).get("Fn::Sub")
        if f"/aws/lambda/{function_name}" not in groups:
            yield f"{name}: has no log group with a retention of its own"


# Actions that IAM lets nobody bind to a resource: they read of the account, and change nothing.
WITHOUT_RESOURCES = {"ses:GetIdentityVerificationAttributes"}


def statements(document):
    """Each statement, also those that only some deployments have."""
    for statement in listed(document["Statement"]):
        branches = statement["Fn::If"][1:] if "Fn::If" in statement else [statement]
        yield from (branch for branch in branches if branch != {"Ref": "AWS::NoValue"})


def role_faults(resources):
    for name, role in of_type(resources, "AWS::IAM::Role").items():
        if role.get("ManagedPolicyArns"):
            yield f"{name}: a managed policy names every resource; name the few that are used"
        for policy in role.get("Policies", []):
            for statement in statements(policy["PolicyDocument"]):
                sid = statement.get("Sid", "statement")
                for action in listed(statement.get("Action", "*")):
                    if "*" in action:
                        yield f"{name}: {sid} allows {action}: name the actions"
                knows_none = set(listed(statement.get("Action", "*"))) <= WITHOUT_RESOURCES
                if "*" in listed(statement.get("Resource", "*")) and not knows_none:
                    yield f"{name}: {sid} is for every resource: name them"


def store_faults(resources):
    for name, bucket in of_type(resources, "AWS::S3::Bucket").items():
        blocks = bucket.get("PublicAccessBlockConfiguration", {})
        if len(blocks) < 4 or not all(value is True for value in blocks.values()):
            yield f"{name}: is not private: all four of PublicAccessBlockConfiguration must be true"
    for name, table in of_type(resources, "AWS::DynamoDB::Table").items():
        if not table.get("SSESpecification", {}).get("SSEEnabled"):
            yield f"{name}: is not encrypted by a key: SSESpecification"
        if table.get("BillingMode") != "PAY_PER_REQUEST":
            yield f"{name}: is not on demand: BillingMode"


def main(path):
    with open(path, encoding="utf-8") as file:
        resources = json.load(file)["Resources"]
    faults = [
        fault
        for rule in (queue_faults, function_faults, role_faults, store_faults)
        for fault in rule(resources)
    ]
    for fault in faults:
        print(fault, file=sys.stderr)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
