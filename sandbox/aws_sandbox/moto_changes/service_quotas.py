"""moto's Service Quotas, which lists no quotas of an account."""

import json

import moto.servicequotas.urls
from moto.servicequotas.exceptions import NoSuchResource
from moto.servicequotas.responses import ServiceQuotasResponse

from aws_sandbox.moto_changes.replacements import Replacements


class SandboxServiceQuotasResponse(ServiceQuotasResponse):
    def list_service_quotas(self) -> str:
        """Of AWS Backup none: by which names and codes it lists them is documented nowhere."""
        if self._get_param("ServiceCode") != "backup":
            raise NoSuchResource
        return json.dumps({"Quotas": []})


def install_permanently(replacements: Replacements) -> None:
    paths = {"{0}/$": SandboxServiceQuotasResponse.dispatch}
    replacements.replace(moto.servicequotas.urls, "url_paths", paths)
