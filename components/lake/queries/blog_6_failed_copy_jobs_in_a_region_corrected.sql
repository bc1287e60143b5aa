-- Copy jobs that failed, in a Region: no copy job is ever ABORTED.
-- region = ${region}
SELECT * FROM copy_job_report WHERE "job_status" = 'FAILED' AND "aws region" = '${region}'
