"""What merging is asked with."""

import strawberry


@strawberry.input(description="Merge one customer into another.")
class CustomerMergeInput:
    """Of customerMerge."""

    idempotency_key: str = strawberry.field(description="The same key and input again gives the same merge.")
    kept_id: strawberry.ID = strawberry.field(description="Whom the other becomes a part of.")
    merged_id: strawberry.ID = strawberry.field(description="Whose profile is merged.")
    note: str | None = strawberry.field(default=None, description="Why; at most 500 characters, nothing personal.")


@strawberry.input(description="Undo a merge.")
class CustomerUnmergeInput:
    """Of customerUnmerge."""

    merge_id: strawberry.ID = strawberry.field(description="mrg_…")


@strawberry.input(description="Decide on a candidate.")
class MergeCandidateInput:
    """Of mergeCandidateAccept and mergeCandidateReject."""

    id: strawberry.ID = strawberry.field(description="The candidate's id.")
