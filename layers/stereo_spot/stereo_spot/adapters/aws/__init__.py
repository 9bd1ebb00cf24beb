"""AWS: DynamoDB for rows, S3 for objects, EventBridge for events, Batch for the engine."""
