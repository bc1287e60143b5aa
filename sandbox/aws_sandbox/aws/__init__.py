"""The AWS endpoint: moto's services, extended, behind the checks that AWS makes."""
