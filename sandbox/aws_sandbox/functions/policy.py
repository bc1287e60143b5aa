"""A function's resource policy as Lambda writes it from AddPermission."""

from typing import Any

from moto.awslambda.policy import Policy


class FunctionPolicy(Policy):
    """moto's, with principals that are accounts or roles, and conditions that do not overwrite
    each other."""

    def principal_formatter(self, obj: Any) -> Any:
        """`obj` is AddPermission's Principal: a service, an account, an ARN or `*`."""
        if not isinstance(obj, str) or obj == "*":
            return obj
        if obj.endswith(".amazonaws.com"):
            return {"Service": obj}
        return {"AWS": f"arn:aws:iam::{obj}:root" if obj.isdigit() else obj}

    def condition_merge(self, obj: dict[str, Any]) -> None:
        for name in ("SourceArn", "SourceAccount"):
            for operator, keys in obj.pop(name, {}).items():
                obj.setdefault("Condition", {}).setdefault(operator, {}).update(keys)
