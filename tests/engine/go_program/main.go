// Somebody else's program, in another language: a backup vault, and a key that it may have.
//
// It is given the folder of a policy pack. As anybody does who works with Pulumi's Automation API,
// it previews with the pack before it updates: an update alone would ask about the whole stack only
// when the vault stands.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/pulumi/pulumi/sdk/v3/go/auto"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optpreview"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optup"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

type resource struct {
	pulumi.CustomResourceState

	Arn pulumi.StringOutput `pulumi:"arn"`
}

func program(ownKey bool) pulumi.RunFunc {
	return func(ctx *pulumi.Context) error {
		vault := pulumi.Map{"name": pulumi.String("theirs")}
		if ownKey {
			var key resource
			about := pulumi.Map{
				"deletionWindowInDays": pulumi.Int(30),
				"enableKeyRotation":    pulumi.Bool(true),
			}
			if err := ctx.RegisterResource("aws:kms/key:Key", "key", about, &key); err != nil {
				return err
			}
			vault["kmsKeyArn"] = key.Arn
		}
		return ctx.RegisterResource("aws:backup/vault:Vault", "theirs", vault, &resource{})
	}
}

func run(pack string, ownKey bool) error {
	ctx := context.Background()
	stack, err := auto.UpsertStackInlineSource(ctx, "dev", "theirs", program(ownKey))
	if err != nil {
		return err
	}
	if _, err := stack.Preview(ctx, optpreview.PolicyPacks(pack)); err != nil {
		return err
	}
	_, err = stack.Up(ctx, optup.PolicyPacks(pack))
	return err
}

func main() {
	if err := run(os.Args[1], len(os.Args) > 2 && os.Args[2] == "own-key"); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
}
