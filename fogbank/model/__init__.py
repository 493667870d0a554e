"""What an AWS service is: shapes and operations from botocore's models, the operation registry, the Call context, the
calls port through which everything (the edge, Step Functions, API Gateway, other services) reaches an operation."""
