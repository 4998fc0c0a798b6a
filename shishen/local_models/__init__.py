"""Language models in a folder of this machine: examined, loaded, rendered with their own chat template, generating."""
