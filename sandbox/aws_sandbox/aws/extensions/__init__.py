"""What moto lacks or answers otherwise than AWS, added to moto's own backends and routes.

So any client of the endpoint sees it, and a reset of moto clears it.
"""
