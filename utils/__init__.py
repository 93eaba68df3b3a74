"""What training stands on: configuration, data, networks, objectives, the loop and its safety."""
