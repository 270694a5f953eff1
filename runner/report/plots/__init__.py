"""What a report draws: traces, ROC curves, windows around their median, and how they are packed."""
