"""What the Java libraries behind AWS do, where users can see it: regular expressions, Jayway's JsonPath, numbers as text.

Knows nothing of AWS. API Gateway's templates and mappings stand on it; so may whatever else meets Java's ways.
"""
