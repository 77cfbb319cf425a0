# A bucket's notifications with lookbook's among them; what others set stays as it is. What the bucket
# has may be nothing at all. With `--arg remove yes`, they are without lookbook's.
#
#     jq --null-input --from-file notifications.jq --arg queue ARN --arg prefix "" before.json
[inputs]
| if length == 0 then {} else .[0] end
| del(.ResponseMetadata)
| .QueueConfigurations = (
    # Those of a bucket that a stack made have names that are made up, but the queue's address. The four
    # names are all that `lookbook connect` and this give; others may call theirs `lookbook-...`, too.
    [ .QueueConfigurations[]?
      | select((.Id | IN("lookbook-created", "lookbook-removed", "lookbook-restored", "lookbook-expired") | not)
               and .QueueArn != $queue) ]
    + if $ARGS.named.remove == "yes" then [] else [
        { Id: "lookbook-created", QueueArn: $queue,
          Events: ["s3:ObjectCreated:*", "s3:ObjectRestore:Completed"] }
        + if $prefix == "" then {}
          else { Filter: { Key: { FilterRules: [{ Name: "prefix", Value: $prefix }] } } } end,
        # Wherever it is: there may be a row of it from when the prefix was wider.
        { Id: "lookbook-removed", QueueArn: $queue,
          Events: ["s3:ObjectRemoved:*", "s3:LifecycleExpiration:*"] }
      ] end
  )
