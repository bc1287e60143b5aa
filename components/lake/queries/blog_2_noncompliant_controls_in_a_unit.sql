-- Controls that are not complied with, in a Region and an organizational unit. As in the AWS Storage Blog.
-- region = ${region}
-- path_to_root = OrganizationId/RootId/OuId
SELECT * FROM control_compliance_report
WHERE "control compliance status" = 'NON_COMPLIANT' AND "aws region" = '${region}'
AND "pathtoroot" = '${path_to_root}'
