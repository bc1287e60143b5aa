-- What completed backup jobs of the last days put into each vault, in GiB. AWS Backup reports 0 for RDS.
-- days = 30
SELECT account_id, region, backup_vault_name, count(*) AS recovery_points,
  round(CAST(sum(backup_size_in_bytes) AS double) / 1073741824, 3) AS gib
FROM ${newest:backup_jobs} AS jobs
WHERE job_status = 'COMPLETED' AND creation_date >= current_date - INTERVAL '${days}' DAY
GROUP BY account_id, region, backup_vault_name
ORDER BY gib DESC, account_id, region, backup_vault_name
