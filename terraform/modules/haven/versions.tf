terraform {
  # 1.9: a validation may look at other variables
  required_version = ">= 1.9"

  required_providers {
    # 2.17 and 3 alike: values are handed over as YAML, and nothing here differs between them
    helm = {
      source  = "hashicorp/helm"
      version = ">= 2.17, < 4"
    }
  }
}
