# Deploying to AWS; included by the Makefile. ENV picks a section of samconfig.toml.
ENV ?= default
SAM ?= sam
STACK = $(shell sed -n '/^\[$(ENV).global/,/^\[/s/^stack_name = "\(.*\)"/\1/p' samconfig.toml)
REGION = $(shell sed -n '/^\[$(ENV).global/,/^\[/s/^region = "\(.*\)"/\1/p' samconfig.toml)
TAG = $(shell git rev-parse --short=12 HEAD)
OVERRIDES = $(shell sed -n '/^\[$(ENV).deploy/,/^\[/s/^parameter_overrides = "\(.*\)"/\1/p' samconfig.toml)
OUTPUT = aws cloudformation describe-stacks --region $(REGION) --stack-name $(STACK) \
    --output text --query "Stacks[0].Outputs[?OutputKey=='$(1)'].OutputValue"

.PHONY: deploy deploy-image destroy test-containers

deploy: ## on AWS: build, push the engine's image, deploy the stack (ENV=dev)
	$(SAM) build --config-env $(ENV)
	@# a new stack has no repository yet: make the stack, then push, then name the image; an
	@# endpoint wants its image to be there, so it comes second
	aws cloudformation describe-stacks --region $(REGION) --stack-name $(STACK) >/dev/null 2>&1 \
	    || $(SAM) deploy --config-env $(ENV) \
	        --parameter-overrides "$(OVERRIDES) SegmentTarget=batch"
	$(MAKE) deploy-image ENV=$(ENV)
	$(SAM) deploy --config-env $(ENV) --no-fail-on-empty-changeset \
	    --parameter-overrides "$(OVERRIDES) RenderImageTag=$(TAG)"
	@echo; echo "The page: $$($(call OUTPUT,ApiUrl))"; echo "Prove it: $$($(call OUTPUT,NextCommand))"

deploy-image:
	@repository=$$($(call OUTPUT,RenderRepositoryUri)) && \
	aws ecr get-login-password --region $(REGION) \
	    | docker login --username AWS --password-stdin "$${repository%%/*}" && \
	docker build -f inference_container/Dockerfile -t "$$repository:$(TAG)" . && \
	docker push "$$repository:$(TAG)"

destroy: ## on AWS: empty the buckets, delete the stack, say what is left (ENV=dev)
	@echo "This deletes every film and job of $(STACK). Type its name to go on:"; \
	read -r typed && test "$$typed" = "$(STACK)"
	for bucket in $$($(call OUTPUT,InputBucketName)) $$($(call OUTPUT,OutputBucketName)); do \
	    aws s3 rm --recursive --quiet "s3://$$bucket"; done
	$(SAM) delete --config-env $(ENV) --no-prompts
	@echo "Left behind: log groups that AWS made itself (/aws/batch, /aws/sagemaker), the bucket"
	@echo "and image repositories of sam (aws-sam-cli-managed-default), and secrets of your own."

test-containers: $(UV) ## build every image, run each function in its container (some minutes)
	$(RUN) pytest tests/containers -m long
