"""What an operator sees of the tasks and does with them, and the commands for it: `haven tasks`."""
