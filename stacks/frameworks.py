"""Audit frameworks of AWS Backup Audit Manager in an account's Regions."""

import pulumi

from stacks.settings import Settings


def deploy_frameworks(settings: Settings, opts: pulumi.ResourceOptions) -> None:
    raise NotImplementedError
