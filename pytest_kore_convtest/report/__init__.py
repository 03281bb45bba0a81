"""What a run found out, as JSON, HTML or Markdown: plain data in, text out; nothing here asks the service."""
