// Exact sum of the products of signed operands that share a word: one of WORD bits, two of WORD/2 or four of WORD/4.
//   mode     2, in            0: one operand per word; 1: two; 2: four
//   act      WORD, in         operand 0 lowest
//   weight   WORD, in         operand 0 uppermost: the reverse order
//   product  OUT_BITS, out    sum over k of act[k] * weight[k], sign-extended or wrapped
// One array of partial products for all modes (Baugh and Wooley: those of a sign bit are inverted, and a constant makes
// up for it). With the weight's operands in reverse order a mode's products stand on the other diagonal of the array,
// where all have the same place in the sum: adding them is what the array does anyway, and one shift at the end takes
// the place off. Blocks of the array that a mode does not need are zero.
module product_subword #(
    parameter WORD = 16,
    parameter OUT_BITS = 40
) (
    input  [1:0]          mode,
    input  [WORD-1:0]     act,
    input  [WORD-1:0]     weight,
    output [OUT_BITS-1:0] product
);
    localparam HALF = WORD / 2;
    localparam PART = WORD / 4;
    localparam FULL = 2 * WORD;
    wire two = mode == 2'd1;
    wire four = mode == 2'd2;

    // What the inverted bits of a product of n bits are too large by is 2^(2n-1) - 2^n.
    localparam [FULL-1:0] ONE = 1;
    localparam [FULL-1:0] FIX_ONE = (ONE << WORD) - (ONE << (2 * WORD - 1));
    localparam [FULL-1:0] FIX_TWO = ((ONE << HALF) - (ONE << (2 * HALF - 1))) << (HALF + 1);
    localparam [FULL-1:0] FIX_FOUR = ((ONE << PART) - (ONE << (2 * PART - 1))) << (3 * PART + 2);
    wire [FULL-1:0] fix = four ? FIX_FOUR : two ? FIX_TWO : FIX_ONE;

    wire [WORD-1:0] row [0:WORD-1];
    genvar a, w;
    generate
        for (w = 0; w < WORD; w = w + 1) begin : weight_bit
            for (a = 0; a < WORD; a = a + 1) begin : act_bit
                localparam IN_TWO = (a / HALF) + (w / HALF) == 1;
                localparam IN_FOUR = (a / PART) + (w / PART) == 3;
                localparam SIGN_ONE = (a == WORD - 1) != (w == WORD - 1);
                localparam SIGN_TWO = (a % HALF == HALF - 1) != (w % HALF == HALF - 1);
                localparam SIGN_FOUR = (a % PART == PART - 1) != (w % PART == PART - 1);
                wire used = four ? IN_FOUR : two ? IN_TWO : 1'b1;
                wire inverted = four ? SIGN_FOUR : two ? SIGN_TWO : SIGN_ONE;
                assign row[w][a] = used & ((act[a] & weight[w]) ^ inverted);
            end
        end
    endgenerate

    // Sums of two rows, of four, and so on; synthesis makes one tree of carry-save adders of them.
    wire [FULL-1:0] tree [0:2*WORD-1];
    genvar k;
    generate
        for (k = 0; k < WORD; k = k + 1) begin : leaves
            wire [FULL-1:0] extended = row[k];
            assign tree[WORD + k] = extended << k;
        end
        for (k = 1; k < WORD; k = k + 1) begin : sums
            assign tree[k] = tree[2*k] + tree[2*k+1];
        end
    endgenerate
    wire signed [FULL-1:0] sum = tree[1] + fix;
    wire signed [FULL-1:0] aligned = four ? sum >>> (3 * PART) : two ? sum >>> (2 * PART) : sum;
    wire signed [OUT_BITS-1:0] extended_sum = aligned;
    assign product = extended_sum;
endmodule
