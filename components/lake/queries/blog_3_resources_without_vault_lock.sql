-- Resources without a vault lock. As in the AWS Storage Blog; its values are not those that AWS Backup writes.
SELECT * FROM resource_compliance_report
WHERE "Control Name" = 'LockVault' AND "Resource Compliance" = 'Non-Compliance'
