-- Controls that are not complied with, in a Region. As in the AWS Storage Blog.
-- region = ${region}
SELECT * FROM control_compliance_report
WHERE "control compliance status" = 'NON_COMPLIANT' AND "aws region" = '${region}'
