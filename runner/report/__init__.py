"""What a person shows around: one HTML file of sessions or a tree, and two of them compared."""
