"""Where a role's policy may hold a wildcard: AWS takes nothing narrower, or it is the narrowest."""

WILDCARDS_ALLOWED = {
    (
        "backup:ListReportJobs",
        "*",
    ): "AWS Backup knows no resource for it: Service Authorization Reference, AWS Backup",
}
"""(action, resource) → the reason."""
