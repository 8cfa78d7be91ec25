"""The HTML report: `view` is what it shows, `page` and `charts` how."""
