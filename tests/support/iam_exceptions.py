"""Where a role's policy may hold a wildcard: AWS takes nothing narrower, or it is the narrowest."""

_NO_RESOURCE = {
    "backup:DescribeBackupJob": "AWS Backup",
    "backup:DescribeCopyJob": "AWS Backup",
    "backup:DescribeRestoreJob": "AWS Backup",
    "backup:ListBackupJobs": "AWS Backup",
    "backup:ListBackupVaults": "AWS Backup",
    "backup:ListCopyJobs": "AWS Backup",
    "backup:ListFrameworks": "AWS Backup",
    "backup:ListProtectedResources": "AWS Backup",
    "backup:ListReportJobs": "AWS Backup",
    "backup:ListReportPlans": "AWS Backup",
    "backup:ListRestoreJobs": "AWS Backup",
    "backup:PutRestoreValidationResult": "AWS Backup",
    "backup:StopBackupJob": "AWS Backup",
    "ec2:DescribeImages": "Amazon EC2",
    "ec2:DescribeInstanceStatus": "Amazon EC2",
    "ec2:DescribeInstances": "Amazon EC2",
    "ec2:DescribeSnapshots": "Amazon EC2",
    "ec2:DescribeVolumes": "Amazon EC2",
    "ssm:DescribeAutomationExecutions": "AWS Systems Manager",
    "ssm:DescribeInstanceInformation": "AWS Systems Manager",
    "ssm:GetCommandInvocation": "AWS Systems Manager",
    "ssm:ListCommandInvocations": "AWS Systems Manager",
    "ssm:ListCommands": "AWS Systems Manager",
    "tag:GetResources": "Amazon Resource Group Tagging API",
}
WILDCARDS_ALLOWED = {
    **{
        (action, "*"): f"it knows no resource: Service Authorization Reference, {service}"
        for action, service in _NO_RESOURCE.items()
    },
}
"""(action, resource) → the reason."""
