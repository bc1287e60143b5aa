-- Resources without a vault lock, with the values that AWS Backup writes.
SELECT * FROM resource_compliance_report
WHERE "Control Name" = 'BACKUP_RESOURCES_PROTECTED_BY_BACKUP_VAULT_LOCK'
AND "Resource Compliance" = 'NON_COMPLIANT'
