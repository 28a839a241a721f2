#include "qushu/delivery/delivery.h"

#include <gtest/gtest.h>

#include "qushu/crypto/crypto.h"

namespace qushu::delivery {
namespace {

// The example of the specification (standard-webhooks, "Verifying webhooks").
TEST(WebhookTest, IsSignedAsStandardWebhooksSay) {
  auto secret = crypto::from_base64("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
  ASSERT_TRUE(secret);
  EXPECT_EQ(webhook_signature(*secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, R"({"test": 2432232314})"),
            "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
}

}  // namespace
}  // namespace qushu::delivery
