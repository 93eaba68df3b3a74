"""What the commands share: how errors are reported, the options of scoring, files of codes."""
