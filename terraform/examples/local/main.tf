# Everything on a cluster to try it on (kind, k3d, minikube), with few pods and the try-out database. The cluster is the
# one that KUBE_CONFIG_PATH names.

terraform {
  required_version = ">= 1.9"

  required_providers {
    helm = {
      source  = "hashicorp/helm"
      version = ">= 2.17, < 4"
    }
  }
}

provider "helm" {}

variable "image" {
  description = "The image, without and with its tag: what `make image` built, brought to the cluster's nodes."
  type        = object({ repository = string, tag = string })
  default     = { repository = "haven", tag = "dev" }
}

variable "namespace" {
  description = "The namespace; it is made if it is not there."
  type        = string
  default     = "haven"
}

variable "web_replicas" {
  description = "Pods of web."
  type        = number
  default     = 1
}

module "haven" {
  source = "../../modules/haven"

  namespace = var.namespace
  image     = var.image
  timeout   = 300
  # what fails stays, to be looked at
  atomic = false

  web      = { replicas = var.web_replicas, drain = 1 }
  realtime = { enabled = false }
  worker   = { replicas = 1 }
  database = { tryout = { seed = true } }
  redis    = { persistence = { size = "1Gi" }, exporter = { enabled = false } }
}

output "try" {
  description = "How to reach it."
  value       = "kubectl --namespace ${module.haven.namespace} port-forward service/${split(".", module.haven.web)[0]} 8000:http"
}

output "secret" {
  description = "The Secret with the passwords, which stays after a destroy, as the volumes do."
  value       = module.haven.secret
}
