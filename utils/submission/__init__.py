"""What an entrant does before a push: check the repository, rehearse the grader, make the tag."""
