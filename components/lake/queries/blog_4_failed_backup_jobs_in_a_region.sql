-- Backup jobs that failed, in a Region. As in the AWS Storage Blog.
-- region = ${region}
SELECT * FROM backup_job_report WHERE "job_status" = 'FAILED' AND "aws region" = '${region}'
