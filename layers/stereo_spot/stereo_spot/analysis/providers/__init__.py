"""Services that hear, see and read: any server that speaks the OpenAI API, or a model at home."""
