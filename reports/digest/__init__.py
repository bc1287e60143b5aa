"""The report that people read: from the activity of AWS Backup to a page and a mail."""
