"""AWS Systems Manager: Automation's runbooks, Run Command on instances that are folders here."""
