"""The environment of a function's process: Lambda's variables, its own, and nothing else."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from aws_sandbox.aws.sessions import Session
from aws_sandbox.functions.definition import Definition


@dataclass(frozen=True, kw_only=True)
class Folders:
    """Where a process finds what Lambda keeps at /var/task, /opt, /var/runtime and /tmp."""

    task: Path
    opt: Path
    runtime: Path
    temporary: Path
    bytecode: Path
    """Where compiled modules are kept: what is at /var/task and /opt is never written to."""


def variables(
    definition: Definition,
    folders: Folders,
    *,
    session: Session,
    endpoint: str,
    runtime_api: str,
    log_stream: str,
) -> Mapping[str, str]:
    """As Lambda documents them; a reserved name of the function's own is overridden, as there.

    `TMPDIR` is not Lambda's: it keeps the temporary files of processes apart. Code that writes to
    /tmp by name shares this machine's.
    """
    package_folders = (
        folders.task,
        folders.opt / "python" / "lib" / definition.runtime / "site-packages",
        folders.opt / "python",
        folders.runtime,
    )
    libraries = [str(folders.opt / "lib"), os.environ.get("LD_LIBRARY_PATH", "")]
    return {
        "LANG": "en_US.UTF-8",
        "TZ": ":UTC",
        "TMPDIR": str(folders.temporary),
        **definition.environment,
        "PATH": f"/usr/local/bin:/usr/bin:/bin:{folders.opt / 'bin'}",
        "LD_LIBRARY_PATH": ":".join(filter(None, libraries)),
        "PYTHONPATH": ":".join(map(str, package_folders)),
        "PYTHONPYCACHEPREFIX": str(folders.bytecode),
        "LAMBDA_TASK_ROOT": str(folders.task),
        "LAMBDA_RUNTIME_DIR": str(folders.runtime),
        "_HANDLER": definition.handler,
        "AWS_EXECUTION_ENV": f"AWS_Lambda_{definition.runtime}",
        "AWS_REGION": definition.region,
        "AWS_DEFAULT_REGION": definition.region,
        "AWS_LAMBDA_FUNCTION_NAME": definition.name,
        "AWS_LAMBDA_FUNCTION_VERSION": definition.version,
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(definition.memory_mb),
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_LOG_GROUP_NAME": definition.logging.group,
        "AWS_LAMBDA_LOG_STREAM_NAME": log_stream,
        "AWS_LAMBDA_LOG_FORMAT": "JSON" if definition.logging.json else "Text",
        **({"AWS_LAMBDA_LOG_LEVEL": definition.logging.level} if definition.logging.level else {}),
        "AWS_LAMBDA_RUNTIME_API": runtime_api,
        "AWS_XRAY_CONTEXT_MISSING": "LOG_ERROR",
        "AWS_ACCESS_KEY_ID": session.access_key_id,
        "AWS_SECRET_ACCESS_KEY": session.secret_access_key,
        "AWS_SESSION_TOKEN": session.session_token,
        "AWS_ENDPOINT_URL": endpoint,
    }
