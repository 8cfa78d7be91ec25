"""Knowledge: documents become passages, passages are found, and how well that goes is measured."""
