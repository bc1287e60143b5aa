"""Commands that make evidence for auditors, and tell the key that signs it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from fleet import access
from fleet.deploy.deployment import engine_here
from fleet.evidence.making import make_archive, maker_for
from fleet.evidence.scope import central_of, scope_of, stacks_of
from fleet.evidence.signing import signing_key
from fleet.project import current_project
from fleet.terminal import console, tell
from stacks import names

Customer = Annotated[str, typer.Option(help="Whose.")]


def make(
    customer: Customer,
    period: Annotated[
        str,
        typer.Option(help="daily, weekly or monthly; or with its first day: monthly/2026-10."),
    ] = "monthly",
    output: Annotated[
        Path | None, typer.Option(help="The file; by default below build/evidence/.")
    ] = None,
    without_policies: Annotated[
        bool, typer.Option("--without-policies", help="No previews; the archive says so.")
    ] = False,
) -> None:
    """Write one signed archive of a customer's evidence: the period's report, restore tests,
    drills, what is deployed beside what settings say, policies, exceptions, controls."""
    scope = scope_of(customer, period, current_project(), datetime.now(UTC))
    name = f"{customer}-{scope.run.period_name.replace('/', '-')}.zip"
    target = output or Path("build/evidence") / customer / name
    maker = maker_for(scope, None if without_policies else engine_here(), tell)
    manifest = make_archive(scope, maker, target)
    console.print(f"written to {target}, with {len(manifest.files):,} files", soft_wrap=True)
    console.print(f"signed by {manifest.key.arn}", highlight=False, soft_wrap=True)
    for text in manifest.missing:
        console.print(f"missing: {text}", style="yellow", highlight=False, soft_wrap=True)


def public_key(
    customer: Customer,
    output: Annotated[
        Path | None, typer.Option(help="Write the key into this file, and not on the screen.")
    ] = None,
) -> None:
    """Print the public key that checks a customer's evidence, and its fingerprint, for auditors to
    have by another way than the archive."""
    central = central_of(customer, stacks_of(customer, current_project()))
    kms = access.session(central).client("kms")
    key = signing_key(kms, f"alias/{names.evidence_key(central)}")
    if output is None:
        typer.echo(key.pem.decode(), nl=False)
    else:
        output.write_bytes(key.pem)
    console.print(f"{key.key.arn}\nSHA-256 {key.key.fingerprint}", highlight=False)
