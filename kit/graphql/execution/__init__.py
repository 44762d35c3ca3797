"""Operations compiled to Python: an operation and its schema become one readable module of functions, cached.

Read in this order: `plan` (what the operation asks, place by place), `resolver` (how a field's value is read),
`source` (the text of the functions), `operation` (compiled, and run), `lane` (what runs later: awaitables and
batches), `completion` (every value the generated code does not expect), `executor` (the cache, and what is handed to
graphql-core before any resolver has run). `batch` and `wanted` are for those who write resolvers.
"""

from kit.graphql.execution.batch import batch_field, batch_resolver
from kit.graphql.execution.executor import CompiledExecutor, explain_compiled
from kit.graphql.execution.wanted import Wanted, wanted

__all__ = ["CompiledExecutor", "Wanted", "batch_field", "batch_resolver", "explain_compiled", "wanted"]
