"""Plain Python that reads evidence: a client or files in, records out. No Dagster, no SQL models.

One module a source; ``pull`` lands what they find. Every failure names source, object, record and
what to do. Nothing here may import the sandbox: to these modules it is the vendor.
"""
