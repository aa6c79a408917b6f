// The call to KMS that an encrypted session needs.
#pragma once
#include <string>

#include "aws/answer.h"
#include "aws/service_client.h"
#include "net/asio.h"
#include "wire/aws/kms_messages.h"

namespace passport::aws {

/// KMS through `client`, which must outlive it and its calls. It is called in the region of the
/// session, as session-manager-plugin does: a key of another region is not found there.
class Kms {
 public:
  explicit Kms(ServiceClient& client) : client_(client) {}

  /// Errors: their words begin with "kms:GenerateDataKey on KEY: ".
  net::Task<Answer<wire::DataKey>> generate_data_key(std::string key_id,
                                                     wire::aws::EncryptionContext context,
                                                     net::Deadline deadline);

 private:
  ServiceClient& client_;
};

}  // namespace passport::aws
