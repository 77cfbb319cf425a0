# A bucket's notifications with lookbook's among them; what others set stays as it is. With an empty
# queue, they are without lookbook's. What the bucket has may be nothing at all.
#
#     jq --null-input --from-file notifications.jq --arg queue ARN --arg prefix "" before.json
(try input catch {})
| del(.ResponseMetadata)
| .QueueConfigurations = (
    [ .QueueConfigurations[]?
      | select((.Id | startswith("lookbook-") | not) and .QueueArn != $queue) ]
    + if $queue == "" then [] else [
        { Id: "lookbook-created", QueueArn: $queue,
          Events: ["s3:ObjectCreated:*", "s3:ObjectRestore:Completed"] }
        + if $prefix == "" then {}
          else { Filter: { Key: { FilterRules: [{ Name: "prefix", Value: $prefix }] } } } end,
        # Wherever it is: there may be a row of it from when the prefix was wider.
        { Id: "lookbook-removed", QueueArn: $queue,
          Events: ["s3:ObjectRemoved:*", "s3:LifecycleExpiration:*"] }
      ] end
  )
