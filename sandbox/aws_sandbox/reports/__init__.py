"""AWS Backup Audit Manager's reports, generated and delivered as AWS delivers them."""
