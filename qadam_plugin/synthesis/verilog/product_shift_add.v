// Product of an activation and a weight that is one power of two, or the sum of two.
// A term's code is a sign and an exponent e of 3 bits: +-2^-e; the code of -2^-7 means zero. The product, scaled by
// 2^7, is exact: the activation shifted left by 7 - e. A negative term is given as its complement and a carry still to
// be added, so that no adder is spent on negation: the product is `product` + `carry`.
// TERMS 2: the carry of one term enters their sum here, that of the other goes out.
// SPLIT 1: a rank of registers stands between the shifts and what follows.
module product_shift_add #(
    parameter ACT_BITS = 8,
    parameter TERMS = 1,
    parameter OUT_BITS = 24,
    parameter SPLIT = 0
) (
    input                   clk,
    input                   load,
    input  [ACT_BITS-1:0]   act,
    input  [4*TERMS-1:0]    weight,
    output [OUT_BITS-1:0]   product,
    output                  carry
);
    localparam SHIFTED = ACT_BITS + 7;
    wire signed [OUT_BITS-1:0] term [0:TERMS-1];
    wire [TERMS-1:0] negative;

    genvar k;
    generate
        for (k = 0; k < TERMS; k = k + 1) begin : terms
            wire [3:0] code = weight[4*k +: 4];
            wire nonzero = code != 4'b1111;
            wire signed [SHIFTED-1:0] wide = $signed(act);
            wire [SHIFTED-1:0] shifted = {SHIFTED{nonzero}} & (wide <<< (~code[2:0]));
            wire [SHIFTED-1:0] shifted_q;
            rank #(.WIDTH(SHIFTED + 1), .PRESENT(SPLIT)) shift_rank (
                .clk(clk), .load(load), .d({code[3] & nonzero, shifted}), .q({negative[k], shifted_q})
            );
            wire signed [SHIFTED-1:0] flipped = shifted_q ^ {SHIFTED{negative[k]}};
            assign term[k] = flipped;
        end
        if (TERMS == 2) begin : two
            // One bit more than a term: the sum must not wrap before it is extended.
            localparam SUM = SHIFTED + 2;
            wire signed [SUM-1:0] sum = $signed(term[0][SHIFTED-1:0]) + $signed(term[1][SHIFTED-1:0])
                                        + $signed({1'b0, negative[1]});
            wire signed [OUT_BITS-1:0] extended = sum;
            assign product = extended;
        end else begin : one
            assign product = term[0];
        end
    endgenerate
    assign carry = negative[0];
endmodule
