"""What `backup-org doctor --online` tries besides: it reads secrets, and asks who takes them."""
